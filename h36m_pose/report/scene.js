// The 3D scene of the player: floor, shadows and skeletons on a canvas, nearer bones over farther ones.

/**
 * A scene that draws the frame of `state` on a canvas.
 * @param data names, parents and sides of the joints
 * @param stage the canvas
 * @param state the sequence, frame, azimuth, elevation and chosen joint that are shown
 * @param shown what is wished: {predicted, true, beside}, functions that answer yes or no
 */
function makeScene(data, stage, state, shown) {
  const JOINTS = data.names.length;
  const FLOOR_MM = 560, LINES_MM = 250, HALF_WIDTH_MM = 900, APART_MM = 620;
  let colours = {};
  let spots = []; // where joints were drawn last: {x, y, joint}

  /** Without perspective: to [right, up, away], in mm, as the report's pictures are seen. */
  function projected([x, y, z]) {
    const c = Math.cos(state.azimuth), s = Math.sin(state.azimuth);
    const tc = Math.cos(state.elevation), ts = Math.sin(state.elevation);
    return [x * s - y * c, (x * c + y * s) * ts + z * tc, (x * c + y * s) * tc - z * ts];
  }

  function drawStage() {
    const { sequence } = state;
    const { context, width, height } = prepared(stage);
    const beside = shown.beside();
    const half = HALF_WIDTH_MM + (beside ? APART_MM : 0);
    const scale = Math.min(width / (2 * half), height / 2150);
    const middle = height / 2 + 840 * scale * Math.cos(state.elevation);
    const place = (point, shift) => {
      const [right, up, away] = projected(point);
      return [width / 2 + (right + shift) * scale, middle - up * scale, away];
    };
    spots = [];
    const apart = beside ? APART_MM : 0;
    const figures = [];
    if (shown.true()) figures.push({ poses: sequence.true, kind: "truth", shift: apart });
    if (state.joint !== null && sequence.nearest) figures.push({ poses: sequence.nearest.poses, kind: "nearest", shift: apart });
    if (shown.predicted()) figures.push({ poses: sequence.predicted, kind: "predicted", shift: -apart });
    for (const shift of beside ? [-apart, apart] : [0]) drawFloor(context, place, shift);
    for (const figure of figures) if (figure.kind !== "nearest") drawShadow(context, figure, place, scale);
    if (!beside && shown.true() && shown.predicted()) drawErrors(context, place);
    for (const figure of figures) drawFigure(context, figure, place, scale);
    if (beside) {
      context.fillStyle = colours.muted;
      context.font = "14px system-ui, sans-serif";
      context.textAlign = "center";
      context.fillText("predicted", width / 2 - apart * scale, height - 12);
      context.fillText("true", width / 2 + apart * scale, height - 12);
    }
  }

  function drawFloor(context, place, shift) {
    context.beginPath();
    for (let corner = 0; corner <= 72; corner++) {
      const turn = (corner / 72) * 2 * Math.PI;
      const [x, y] = place([FLOOR_MM * Math.cos(turn), FLOOR_MM * Math.sin(turn), 0], shift);
      context.lineTo(x, y);
    }
    context.fillStyle = colours.faint;
    context.globalAlpha = 0.45;
    context.fill();
    context.globalAlpha = 1;
    const person = [state.sequence.person[2 * state.frame], state.sequence.person[2 * state.frame + 1]];
    const radius = FLOOR_MM;
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
        const [x, y] = joint3(figure.poses, state.frame, each, JOINTS);
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
        place(joint3(poses, state.frame, joint, JOINTS), 0));
      context.beginPath();
      context.moveTo(start[0], start[1]);
      context.lineTo(end[0], end[1]);
      context.stroke();
    }
  }

  function drawFigure(context, figure, place, scale) {
    const joints = Array.from({ length: JOINTS }, (_, joint) =>
      place(joint3(figure.poses, state.frame, joint, JOINTS), figure.shift));
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

  /** The joint drawn nearest to a place, if it is within reach; null otherwise. */
  function jointAt(x, y, reach) {
    let best = null, nearest = reach;
    for (const spot of spots) {
      const far = Math.hypot(spot.x - x, spot.y - y);
      if (far < nearest) [best, nearest] = [spot.joint, far];
    }
    return best;
  }

  return { draw: drawStage, jointAt, paint: (palette) => (colours = palette) };
}

/** The place of a joint in mm among packed poses. */
function joint3(poses, frame, joint, joints) {
  const place = 3 * (frame * joints + joint);
  return [poses[place], poses[place + 1], poses[place + 2]];
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
