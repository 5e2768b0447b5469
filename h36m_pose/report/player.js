// The 3D player: skeletons on a canvas without a library, crop and camera picture in step, the error as a time line.

(function player() {
  const data = page.data("player");
  if (!data) return;
  const JOINTS = data.names.length;
  const find = (name) => page.element("player-" + name);
  const stage = find("stage"), curve = find("curve"), time = find("time");
  const playButton = find("play"), why = find("why"), jointChooser = find("joint");

  const state = {
    sequence: null, frame: 0, playing: false, speed: 1, azimuth: 0, elevation: 0.2, joint: null, clock: 0, last: 0,
  };
  const colours = {};
  const scene = makeScene(data, stage, state, {
    predicted: () => find("show-predicted").checked, true: () => find("show-true").checked, beside: () => find("beside").checked,
  });

  // ---- data -----------------------------------------------------------------------------------------------------

  /** Unpacks a sequence when it is shown first. */
  function opened(number) {
    const raw = data.sequences[number];
    if (raw.open) return raw.open;
    const sequence = {
      ...raw,
      predicted: page.unpack(raw.predicted, Int16Array),
      true: page.unpack(raw.true, Int16Array),
      person: page.unpack(raw.person, Int32Array),
      predictedPx: page.unpack(raw.predictedPx, Int16Array),
      flags: page.unpack(raw.flags, Uint16Array),
      truePx: page.unpack(raw.truePx, Int16Array),
      crops: sheets(raw.crops),
      pictures: raw.pictures && sheets(raw.pictures),
      picturePx: raw.pictures && page.unpack(raw.pictures.predictedPx, Int16Array),
      nearest: raw.nearest && {
        names: raw.nearest.names,
        poses: page.unpack(raw.nearest.poses, Int16Array),
        which: page.unpack(raw.nearest.which, Int16Array),
      },
    };
    sequence.errors = Float32Array.from({ length: raw.frames }, (_, frame) => {
      let sum = 0;
      for (let joint = 0; joint < JOINTS; joint++) sum += distance(sequence, frame, joint, JOINTS);
      return sum / JOINTS;
    });
    sequence.mean = sequence.errors.reduce((sum, each) => sum + each, 0) / raw.frames;
    raw.open = sequence;
    return sequence;
  }

  function sheets(packed) {
    return { side: packed.side, step: packed.step || 1, images: packed.sheets.map((uri) => page.picture(uri, drawPictures)) };
  }

  // ---- pictures -------------------------------------------------------------------------------------------------

  function drawPictures() {
    const { sequence, frame } = state;
    if (!sequence) return;
    drawWithJoints(find("crop"), sequence.crops, frame, sequence.predictedPx, frame, sequence.truePx);
    if (sequence.pictures && find("picture")) {
      const number = Math.floor(frame / sequence.pictures.step);
      drawWithJoints(find("picture"), sequence.pictures, number, sequence.picturePx, number * sequence.pictures.step);
    }
  }

  function drawWithJoints(canvas, sheet, number, places, frame, truth) {
    const context = drawInput(canvas, { complete: false });
    const image = sheet.images[Math.floor(number / data.perSheet)];
    if (!image || !image.complete || !image.naturalWidth) return;
    const within = number % data.perSheet, side = sheet.side;
    const x = (within % data.columns) * side, y = Math.floor(within / data.columns) * side;
    context.drawImage(image, x, y, side, side, 0, 0, canvas.width, canvas.height);
    const scale = canvas.width / side;
    const onBlack = { left: "#56b4e9", right: "#ff9247", centre: "#f4f6f9" };
    if (truth && find("show-true").checked) drawBones(context, truth, frame, scale, [[2.5, () => "#9aa3b2"]]);
    if (!find("show-predicted").checked) return;
    const layers = [[6, () => "rgba(10,12,16,.55)"], [3.2, (joint) => onBlack[data.sides[joint]]]];
    drawBones(context, places, frame, scale, layers);
  }

  /** The bones of a frame, once in each of the given widths and colours. */
  function drawBones(context, places, frame, scale, layers) {
    const at = (joint) => [0, 1].map((axis) => (places[2 * (frame * JOINTS + joint) + axis] / data.tenths + 0.5) * scale);
    context.lineCap = "round";
    for (const [width, colour] of layers) {
      for (let joint = 1; joint < JOINTS; joint++) {
        context.beginPath();
        context.moveTo(...at(data.parents[joint]));
        context.lineTo(...at(joint));
        context.strokeStyle = colour(joint);
        context.lineWidth = width;
        context.stroke();
      }
    }
  }

  // ---- time line ------------------------------------------------------------------------------------------------

  function drawCurve() {
    const { sequence } = state;
    const { context, width, height } = prepared(curve);
    const top = Math.max(...sequence.errors) * 1.12;
    const at = (frame) => 2 + (frame / Math.max(1, sequence.frames - 1)) * (width - 4);
    const up = (error) => height - (error / top) * height;
    context.beginPath();
    context.moveTo(at(0), height);
    sequence.errors.forEach((error, frame) => context.lineTo(at(frame), up(error)));
    context.lineTo(at(sequence.frames - 1), height);
    context.fillStyle = colours.main;
    context.globalAlpha = 0.35;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colours.muted;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(0, up(sequence.mean));
    context.lineTo(width, up(sequence.mean));
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = colours.error;
    const wide = (width - 4) / sequence.frames;
    sequence.flags.forEach((bits, frame) => bits && context.fillRect(at(frame) - wide / 2, height - 5, wide + 0.5, 5));
    context.fillStyle = colours.muted;
    context.font = "12px system-ui, sans-serif";
    context.fillText(`error of each frame, mean ${sequence.mean.toFixed(0)} mm`, 8, 15);
  }

  // ---- words ----------------------------------------------------------------------------------------------------

  function tell() {
    const { sequence, frame } = state;
    const words = `frame ${sequence.first + frame}, error ${sequence.errors[frame].toFixed(0)} mm`;
    const flags = sequence.flagWords.filter((_, bit) => (sequence.flags[frame] >> bit) & 1);
    find("error").textContent = words;
    find("flags").textContent = flags.length ? "flagged: " + flags.join("; ") : "";
    time.value = frame;
    time.setAttribute("aria-valuetext", flags.length ? words + ", flagged" : words);
    if (state.joint !== null) explain();
  }

  function explain() {
    const texts = explanation(data, state.sequence, state.frame, state.joint).map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    });
    why.replaceChildren(...texts);
    why.hidden = false;
  }

  function choose(joint) {
    state.joint = joint;
    jointChooser.value = joint === null ? "" : String(joint);
    why.hidden = joint === null;
    show();
  }

  // ---- acting ---------------------------------------------------------------------------------------------------

  function show() {
    tell();
    scene.draw();
    drawPictures();
  }

  function redraw() {
    for (const name of ["ink", "muted", "faint", "panel", "left", "right", "centre", "main", "second", "truth", "error", "nearest"]) {
      colours[name] = page.colour(name);
    }
    scene.paint(colours);
    drawCurve();
    show();
  }

  function seek(frame) {
    state.frame = Math.max(0, Math.min(state.sequence.frames - 1, frame));
    show();
  }

  function play(on) {
    state.playing = on;
    playButton.textContent = on ? "Pause" : "Play";
    if (!on) return;
    if (state.frame === state.sequence.frames - 1) state.frame = 0;
    state.clock = state.frame;
    state.last = performance.now();
    requestAnimationFrame(advance);
  }

  function advance(now) {
    if (!state.playing) return;
    state.clock += ((now - state.last) / 1000) * state.sequence.fps * state.speed;
    state.last = now;
    if (state.clock >= state.sequence.frames) state.clock = 0;
    const frame = Math.floor(Math.max(0, state.clock));
    if (frame !== state.frame) seek(frame);
    requestAnimationFrame(advance);
  }

  function look(view) {
    const straight = state.sequence.azimuth;
    const ways = { camera: [0, 0.08], side: [Math.PI / 2, 0.08], above: [0, Math.PI / 2], free: [0.7, 0.22] };
    if (!ways[view]) return;
    state.azimuth = straight + ways[view][0];
    state.elevation = ways[view][1];
    scene.draw();
  }

  function turn(right, up) {
    state.azimuth -= right;
    state.elevation = Math.max(-0.2, Math.min(Math.PI / 2, state.elevation + up));
    scene.draw();
  }

  function open(number) {
    state.sequence = opened(number);
    state.frame = 0;
    state.clock = 0;
    time.max = state.sequence.frames - 1;
    look(find("view").value);
    redraw();
  }

  // ---- hands ----------------------------------------------------------------------------------------------------

  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: 0 };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const right = event.clientX - drag.x, down = event.clientY - drag.y;
    drag = { x: event.clientX, y: event.clientY, moved: drag.moved + Math.abs(right) + Math.abs(down) };
    turn(right * 0.01, down * 0.008);
  });
  stage.addEventListener("pointerup", (event) => {
    if (drag && drag.moved < 5) pick(event);
    drag = null;
  });
  stage.addEventListener("pointercancel", () => (drag = null));

  function pick(event) {
    const box = stage.getBoundingClientRect();
    choose(scene.jointAt(event.clientX - box.left, event.clientY - box.top, event.pointerType === "touch" ? 26 : 16));
  }

  const keys = {
    ArrowLeft: () => turn(-0.1, 0), ArrowRight: () => turn(0.1, 0), ArrowUp: () => turn(0, -0.08),
    ArrowDown: () => turn(0, 0.08), " ": () => play(!state.playing), ",": () => seek(state.frame - 1),
    ".": () => seek(state.frame + 1), Home: () => seek(0), End: () => seek(state.sequence.frames - 1),
    Escape: () => choose(null),
  };
  stage.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  time.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    play(!state.playing);
  });

  playButton.addEventListener("click", () => play(!state.playing));
  find("back").addEventListener("click", () => { play(false); seek(state.frame - 1); });
  find("on").addEventListener("click", () => { play(false); seek(state.frame + 1); });
  time.addEventListener("input", () => { play(false); seek(Number(time.value)); });
  find("sequence").addEventListener("change", (event) => { play(false); open(Number(event.target.value)); });
  find("speed").addEventListener("change", (event) => (state.speed = Number(event.target.value)));
  find("view").addEventListener("change", (event) => look(event.target.value));
  for (const name of ["show-predicted", "show-true", "beside"]) find(name).addEventListener("change", show);
  jointChooser.addEventListener("change", () => choose(jointChooser.value === "" ? null : Number(jointChooser.value)));
  new ResizeObserver(() => { drawCurve(); scene.draw(); }).observe(stage);
  page.onTheme(redraw);

  find("view").value = "free";
  open(0);
})();
