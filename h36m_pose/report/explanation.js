// Why a joint is off in a frame: the player's answer in words.

/** From the true place of a joint to the predicted one, in mm. */
function difference(sequence, frame, joint, joints) {
  const truth = joint3(sequence.true, frame, joint, joints);
  return joint3(sequence.predicted, frame, joint, joints).map((value, axis) => value - truth[axis]);
}

function distance(sequence, frame, joint, joints) {
  return Math.hypot(...difference(sequence, frame, joint, joints));
}

/** Sentences: how far, in which direction as the camera sees it, and how near the training came to this pose. */
function explanation(data, sequence, frame, joint) {
  const joints = data.names.length;
  const off = difference(sequence, frame, joint, joints);
  const c = Math.cos(sequence.azimuth), s = Math.sin(sequence.azimuth);
  const parts = [
    [off[0] * c + off[1] * s, "too far from the camera", "too near to the camera"],
    [off[0] * s - off[1] * c, "too far right in the picture", "too far left in the picture"],
    [off[2], "too high", "too low"],
  ];
  const named = parts.filter(([value]) => Math.abs(value) >= 5).sort((one, other) => Math.abs(other[0]) - Math.abs(one[0]))
    .map(([value, more, less]) => `${Math.abs(value).toFixed(0)} mm ${value > 0 ? more : less}`);
  const all = data.names.map((_, each) => distance(sequence, frame, each, joints));
  const rank = all.filter((each) => each > all[joint]).length + 1;
  let sum = 0;
  for (let each = 0; each < sequence.frames; each++) sum += distance(sequence, each, joint, joints);
  const name = data.names[joint];
  const lines = [
    `${name}: ${all[joint].toFixed(0)} mm off in this frame, the ${ordinal(rank)}largest error of ${joints} joints ` +
      `(over this sequence ${(sum / sequence.frames).toFixed(0)} mm on average).`,
    named.length ? `It is predicted ${named.join(", ")}.` : "It is within 5 mm in every direction.",
  ];
  if (sequence.nearest) {
    const apart = data.names.map((_, each) =>
      Math.hypot(...joint3(sequence.nearest.poses, frame, each, joints).map(
        (value, axis) => value - joint3(sequence.true, frame, each, joints)[axis])));
    const mean = apart.reduce((total, each) => total + each, 0) / joints;
    lines.push(
      `In violet, the training pose that is most like the true one: ${mean.toFixed(0)} mm away on average, ` +
        `${apart[joint].toFixed(0)} mm at this joint (${sequence.nearest.names[sequence.nearest.which[frame]]}). ` +
        "The farther it is, the less the network has seen of such poses.");
  }
  return lines;
}

function ordinal(rank) {
  return ["", "second ", "third "][rank - 1] ?? rank + "th ";
}
