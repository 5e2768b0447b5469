// The 3D player: skeletons on a canvas without a library, crop and camera picture in step, the error as a time line.

(function player() {
  const data = page.data("player");
  if (!data) return;
  const JOINTS = data.names.length;
  const FLOOR_MM = 900, LINES_MM = 250;
  const find = (name) => page.element("player-" + name);
  const stage = find("stage"), curve = find("curve"), time = find("time");
  const playButton = find("play"), why = find("why"), jointChooser = find("joint");

  const state = {
    sequence: null, frame: 0, playing: false, speed: 1, azimuth: 0, elevation: 0.2, joint: null, clock: 0, last: 0,
  };
  let colours = {};
  let spots = []; // where joints were drawn last: {x, y, joint}

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
      for (let joint = 0; joint < JOINTS; joint++) sum += distance(sequence, frame, joint);
      return sum / JOINTS;
    });
    sequence.mean = sequence.errors.reduce((sum, each) => sum + each, 0) / raw.frames;
    raw.open = sequence;
    return sequence;
  }

  function sheets(packed) {
    return { side: packed.side, step: packed.step || 1, images: packed.sheets.map((uri) => page.picture(uri, drawPictures)) };
  }

  function joint3(poses, frame, joint) {
    const place = 3 * (frame * JOINTS + joint);
    return [poses[place], poses[place + 1], poses[place + 2]];
  }

  function difference(sequence, frame, joint) {
    const one = joint3(sequence.predicted, frame, joint), other = joint3(sequence.true, frame, joint);
    return one.map((value, axis) => value - other[axis]);
  }

  function distance(sequence, frame, joint) {
    return Math.hypot(...difference(sequence, frame, joint));
  }

  // ---- three dimensions -----------------------------------------------------------------------------------------

  /** Without perspective: to [right, up, away], in mm, as the report's pictures are seen. */
  function projected([x, y, z]) {
    const c = Math.cos(state.azimuth), s = Math.sin(state.azimuth);
    const tc = Math.cos(state.elevation), ts = Math.sin(state.elevation);
    return [x * s - y * c, (x * c + y * s) * ts + z * tc, (x * c + y * s) * tc - z * ts];
  }

  function drawStage() {
    const { sequence, frame } = state;
    const { context, width, height } = prepared(stage);
    const beside = find("beside").checked;
    const half = FLOOR_MM + (beside ? 620 : 0);
    const scale = Math.min(width / (2 * half), height / 2150);
    const middle = height / 2 + 840 * scale * Math.cos(state.elevation);
    const place = (point, shift) => {
      const [right, up, away] = projected(point);
      return [width / 2 + (right + shift) * scale, middle - up * scale, away];
    };
    spots = [];
    const apart = beside ? 620 : 0;
    const shown = [];
    if (find("show-true").checked) shown.push({ poses: sequence.true, kind: "truth", shift: apart });
    if (state.joint !== null && sequence.nearest) shown.push({ poses: sequence.nearest.poses, kind: "nearest", shift: apart });
    if (find("show-predicted").checked) shown.push({ poses: sequence.predicted, kind: "predicted", shift: -apart });
    for (const shift of beside ? [-apart, apart] : [0]) drawFloor(context, place, shift, scale);
    for (const figure of shown) if (figure.kind !== "nearest") drawShadow(context, figure, place, scale);
    if (!beside && shown.length > 1) drawErrors(context, place);
    for (const figure of shown) drawFigure(context, figure, place, scale);
    if (beside) {
      context.fillStyle = colours.muted;
      context.font = "14px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText("predicted", width / 2 - apart * scale, height - 12);
      context.fillText("true", width / 2 + apart * scale, height - 12);
    }
  }

  function drawFloor(context, place, shift, scale) {
    context.beginPath();
    for (let corner = 0; corner <= 72; corner++) {
      const turn = (corner / 72) * 2 * Math.PI;
      const [x, y] = place([FLOOR_MM * 0.62 * Math.cos(turn), FLOOR_MM * 0.62 * Math.sin(turn), 0], shift);
      context.lineTo(x, y);
    }
    context.fillStyle = colours.faint;
    context.globalAlpha = 0.45;
    context.fill();
    context.globalAlpha = 1;
    const person = [state.sequence.person[2 * state.frame], state.sequence.person[2 * state.frame + 1]];
    const radius = FLOOR_MM * 0.62;
    context.strokeStyle = colours.second;
    context.globalAlpha = 0.5;
    context.lineWidth = 1;
    for (const axis of [0, 1]) {
      const first = Math.ceil((person[axis] - radius) / LINES_MM) * LINES_MM;
      for (let at = first; at < person[axis] + radius; at += LINES_MM) {
        const offset = at - person[axis], reach = Math.sqrt(radius * radius - offset * offset);
        const ends = [-reach, reach].map((along) => (axis ? [along, offset, 0] : [offset, along, 0]));
        const [start, end] = ends.map((point) => place(point, shift));
        context.beginPath();
        context.moveTo(start[0], start[1]);
        context.lineTo(end[0], end[1]);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }

  function drawShadow(context, figure, place, scale) {
    context.strokeStyle = colours.second;
    context.globalAlpha = 0.35;
    context.lineWidth = Math.max(2, 26 * scale);
    context.lineCap = "round";
    for (let joint = 1; joint < JOINTS; joint++) {
      const ends = [joint, data.parents[joint]].map((each) => {
        const [x, y] = joint3(figure.poses, state.frame, each);
        return place([x, y, 0], figure.shift);
      });
      context.beginPath();
      context.moveTo(ends[0][0], ends[0][1]);
      context.lineTo(ends[1][0], ends[1][1]);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function drawErrors(context, place) {
    context.strokeStyle = colours.error;
    context.lineWidth = 1.2;
    for (let joint = 0; joint < JOINTS; joint++) {
      const [start, end] = [state.sequence.predicted, state.sequence.true].map((poses) =>
        place(joint3(poses, state.frame, joint), 0));
      context.beginPath();
      context.moveTo(start[0], start[1]);
      context.lineTo(end[0], end[1]);
      context.stroke();
    }
  }

  function drawFigure(context, figure, place, scale) {
    const joints = Array.from({ length: JOINTS }, (_, joint) =>
      place(joint3(figure.poses, state.frame, joint), figure.shift));
    const colour = (joint) => (figure.kind === "predicted" ? colours[data.sides[joint]] : colours[figure.kind]);
    const width = figure.kind === "predicted" ? Math.max(3.5, 34 * scale) : Math.max(2.5, 24 * scale);
    const bones = Array.from({ length: JOINTS - 1 }, (_, joint) => joint + 1);
    const away = (joint) => joints[joint][2] + joints[data.parents[joint]][2];
    bones.sort((one, other) => away(other) - away(one));
    context.lineCap = "round";
    for (const joint of bones) {
      const start = joints[data.parents[joint]], end = joints[joint];
      context.beginPath();
      context.moveTo(start[0], start[1]);
      context.lineTo(end[0], end[1]);
      context.strokeStyle = colours.panel;
      context.lineWidth = width + 3;
      context.stroke();
      context.strokeStyle = colour(joint);
      context.lineWidth = width;
      context.stroke();
    }
    joints.forEach(([x, y], joint) => {
      if (figure.kind !== "nearest") spots.push({ x, y, joint });
      const chosen = joint === state.joint;
      context.beginPath();
      context.arc(x, y, width * (chosen ? 1.1 : 0.72), 0, 7);
      context.fillStyle = colour(joint);
      context.fill();
      if (chosen) {
        context.lineWidth = 2.5;
        context.strokeStyle = colours.ink;
        context.stroke();
      }
    });
  }

  /** A canvas with as many pixels as the screen has there. */
  function prepared(canvas) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return { context, width, height };
  }

  // ---- pictures -------------------------------------------------------------------------------------------------

  function drawPictures() {
    const { sequence, frame } = state;
    if (!sequence) return;
    drawWithJoints(find("crop"), sequence.crops, frame, sequence.predictedPx, frame);
    if (sequence.pictures && find("picture")) {
      const number = Math.floor(frame / sequence.pictures.step);
      drawWithJoints(find("picture"), sequence.pictures, number, sequence.picturePx, number * sequence.pictures.step);
    }
  }

  function drawWithJoints(canvas, sheet, number, places, frame) {
    const context = drawInput(canvas, { complete: false });
    const image = sheet.images[Math.floor(number / data.perSheet)];
    if (!image || !image.complete || !image.naturalWidth) return;
    const within = number % data.perSheet, side = sheet.side;
    const x = (within % data.columns) * side, y = Math.floor(within / data.columns) * side;
    context.drawImage(image, x, y, side, side, 0, 0, canvas.width, canvas.height);
    const scale = canvas.width / side;
    const at = (joint) => [0, 1].map((axis) => (places[2 * (frame * JOINTS + joint) + axis] / data.tenths + 0.5) * scale);
    context.lineCap = "round";
    const onBlack = { left: "#56b4e9", right: "#ff9247", centre: "#f4f6f9" };
    for (const [width, rim] of [[6, true], [3.2, false]]) {
      for (let joint = 1; joint < JOINTS; joint++) {
        context.beginPath();
        context.moveTo(...at(data.parents[joint]));
        context.lineTo(...at(joint));
        context.strokeStyle = rim ? "rgba(10,12,16,.55)" : onBlack[data.sides[joint]];
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
    context.fillText(`error of each frame, mean ${sequence.mean.toFixed(0)} mm` +
      (sequence.flags.some(Boolean) ? "; red below: flagged without the truth" : ""), 8, 15);
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

  /** Where a joint went wrong, in the words of the camera. */
  function explain() {
    const { sequence, frame, joint } = state;
    const off = difference(sequence, frame, joint);
    const c = Math.cos(sequence.azimuth), s = Math.sin(sequence.azimuth);
    const parts = [
      [off[0] * c + off[1] * s, "too far from the camera", "too near to the camera"],
      [off[0] * s - off[1] * c, "too far right in the picture", "too far left in the picture"],
      [off[2], "too high", "too low"],
    ];
    const named = parts.filter(([value]) => Math.abs(value) >= 5).sort((one, other) => Math.abs(other[0]) - Math.abs(one[0]))
      .map(([value, more, less]) => `${Math.abs(value).toFixed(0)} mm ${value > 0 ? more : less}`);
    const all = data.names.map((_, each) => distance(sequence, frame, each));
    const rank = all.filter((each) => each > all[joint]).length + 1;
    let sum = 0;
    for (let each = 0; each < sequence.frames; each++) sum += distance(sequence, each, joint);
    const name = data.names[joint];
    const lines = [
      `${name}: ${all[joint].toFixed(0)} mm off in this frame, the ${ordinal(rank)}largest error of ${JOINTS} joints ` +
        `(over this sequence ${(sum / sequence.frames).toFixed(0)} mm on average).`,
      named.length ? `It is predicted ${named.join(", ")}.` : "It is within 5 mm in every direction.",
    ];
    if (sequence.nearest) {
      const apart = data.names.map((_, each) =>
        Math.hypot(...joint3(sequence.nearest.poses, frame, each).map(
          (value, axis) => value - joint3(sequence.true, frame, each)[axis])));
      const mean = apart.reduce((total, each) => total + each, 0) / JOINTS;
      lines.push(
        `The training pose nearest to the true one (violet) is ${mean.toFixed(0)} mm away on average and ` +
          `${apart[joint].toFixed(0)} mm at this joint (the farther, the less of the kind was learnt from): ` +
          `${sequence.nearest.names[sequence.nearest.which[frame]]}.`);
    }
    const texts = lines.map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    });
    why.replaceChildren(...texts);
    why.hidden = false;
  }

  function ordinal(rank) {
    return ["", "second ", "third "][rank - 1] ?? rank + "th ";
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
    drawStage();
    drawPictures();
  }

  function redraw() {
    for (const name of ["ink", "muted", "faint", "panel", "left", "right", "centre", "main", "second", "truth", "error", "nearest"]) {
      colours[name] = page.colour(name);
    }
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
    drawStage();
  }

  function turn(right, up) {
    state.azimuth -= right;
    state.elevation = Math.max(-0.2, Math.min(Math.PI / 2, state.elevation + up));
    drawStage();
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
    let best = null, nearest = event.pointerType === "touch" ? 26 : 16;
    for (const spot of spots) {
      const far = Math.hypot(spot.x - (event.clientX - box.left), spot.y - (event.clientY - box.top));
      if (far < nearest) [best, nearest] = [spot.joint, far];
    }
    choose(best);
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
  for (const name of ["show-predicted", "show-true", "beside"]) find(name).addEventListener("change", drawStage);
  jointChooser.addEventListener("change", () => choose(jointChooser.value === "" ? null : Number(jointChooser.value)));
  new ResizeObserver(() => { drawCurve(); drawStage(); }).observe(stage);
  page.onTheme(redraw);

  find("view").value = "free";
  open(0);
})();
