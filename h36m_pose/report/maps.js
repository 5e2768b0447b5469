// The chooser of grid predictions and that of saliency maps: both lay numbers over the network's input.

/** Draws a grey picture over the whole canvas. */
function drawInput(canvas, image) {
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = true;
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (image.complete && image.naturalWidth) context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return context;
}

(function grid() {
  const data = page.data("grid");
  if (!data) return;
  const chooser = page.element("grid-joint");
  const legend = page.element("grid-legend");
  const cells = data.cells;
  const colourOf = (joint) => `hsl(${Math.round((joint * 360) / data.names.length)} 90% 60%)`;
  const frames = data.frames.map((frame, number) => ({
    canvas: page.element("grid-" + number),
    probabilities: page.unpack(frame.probabilities, Uint8Array),
    labels: page.unpack(frame.labels, Uint8Array),
    image: page.picture(frame.picture, draw),
  }));

  /** The cells of one joint; the true ones are framed. */
  function drawJoint(context, side, frame, joint) {
    for (let cell = 0; cell < cells * cells; cell++) {
      const place = joint * cells * cells + cell;
      const x = (cell % cells) * side, y = Math.floor(cell / cells) * side;
      const probability = frame.probabilities[place] / 255;
      if (probability > 0.02) {
        context.globalAlpha = 0.9 * probability ** 0.6;
        context.fillStyle = "#ff9247";
        context.fillRect(x, y, side, side);
      }
      if (frame.labels[place]) {
        context.globalAlpha = 1;
        context.strokeStyle = "#fff";
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, side - 2, side - 2);
      }
    }
    context.globalAlpha = 1;
  }

  /** Each cell in the colour of the joint that is surest to be there. */
  function drawAll(context, side, frame) {
    for (let cell = 0; cell < cells * cells; cell++) {
      const answers = data.names.map((_, joint) => frame.probabilities[joint * cells * cells + cell]);
      const surest = answers.indexOf(Math.max(...answers));
      context.globalAlpha = 0.75 * (answers[surest] / 255) ** 0.6;
      context.fillStyle = colourOf(surest);
      context.fillRect((cell % cells) * side, Math.floor(cell / cells) * side, side, side);
    }
    context.globalAlpha = 1;
  }

  function draw() {
    const all = chooser.value === "all";
    for (const frame of frames) {
      const context = drawInput(frame.canvas, frame.image);
      const side = frame.canvas.width / cells;
      context.strokeStyle = "rgba(140,150,165,.28)";
      context.lineWidth = 1;
      for (let line = 1; line < cells; line++) {
        context.strokeRect(line * side, -1, 0, frame.canvas.height + 2);
        context.strokeRect(-1, line * side, frame.canvas.width + 2, 0);
      }
      if (all) drawAll(context, side, frame);
      else drawJoint(context, side, frame, Number(chooser.value));
    }
    legend.replaceChildren();
    if (!all) return;
    data.names.forEach((name, joint) => {
      const item = document.createElement("li"), key = document.createElement("span");
      key.className = "key swatch";
      key.style.background = colourOf(joint);
      item.append(key, name);
      legend.append(item);
    });
  }

  chooser.addEventListener("change", draw);
  draw();
})();

(function maps() {
  const data = page.data("maps");
  if (!data) return;
  const layerChooser = page.element("maps-layer"), targetChooser = page.element("maps-target");
  const layers = data.layers.map((layer) => ({
    ...layer,
    values: layer.maps.map((text) => page.unpack(text, Uint8Array)),
  }));
  const frames = data.frames.map((frame, number) => ({
    canvas: page.element("maps-" + number),
    image: page.picture(frame.picture, draw),
  }));

  /** Dark to bright through violet, red and yellow; the alpha grows too, so that the person stays to be seen. */
  function paint(pixels, place, value) {
    const share = value / 255;
    pixels[place] = 255 * Math.min(1, 0.35 + 1.6 * share);
    pixels[place + 1] = 255 * Math.max(0, 1.7 * share - 0.7) + 40 * share;
    pixels[place + 2] = 255 * Math.max(0, share < 0.5 ? 0.6 - 0.9 * share : 2.2 * share - 1.6) * 0.6;
    pixels[place + 3] = 255 * Math.min(0.72, 1.1 * share);
  }

  function overlay(layer, values, target) {
    const small = document.createElement("canvas");
    small.width = layer.width;
    small.height = layer.height;
    const context = small.getContext("2d");
    const image = context.createImageData(layer.width, layer.height);
    const size = layer.width * layer.height;
    for (let place = 0; place < size; place++) paint(image.data, 4 * place, values[target * size + place]);
    context.putImageData(image, 0, 0);
    return small;
  }

  function draw() {
    const layer = layers[Number(layerChooser.value)], target = Number(targetChooser.value);
    frames.forEach((frame, number) => {
      const context = drawInput(frame.canvas, frame.image);
      context.imageSmoothingQuality = "high";
      context.drawImage(overlay(layer, layer.values[number], target), 0, 0, frame.canvas.width, frame.canvas.height);
    });
  }

  layerChooser.addEventListener("change", draw);
  targetChooser.addEventListener("change", draw);
  draw();
})();
