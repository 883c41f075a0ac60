// @ts-check
// The background of the previews of dashboard and studio: a picture with the usual displays of a game, or the user's own picture.

const PAPER = { width: 1920, height: 1080 };

/** Cover the canvas with a picture. @param {HTMLCanvasElement} canvas @param {CanvasImageSource & {width: number, height: number}} picture */
export function cover(canvas, picture) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const scale = Math.max(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}

/** @returns {HTMLCanvasElement} */
export function gamePicture() {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, PAPER);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  land(context);
  interfaceOf(context);
  return canvas;
}

/** Sky, hills, houses, ground: light and dark, calm and busy parts. @param {CanvasRenderingContext2D} context */
function land(context) {
  const sky = context.createLinearGradient(0, 0, 0, 620);
  sky.addColorStop(0, "#7fb2dd");
  sky.addColorStop(1, "#f2e6cf");
  fill(context, sky, [0, 0, 1920, 640]);
  shape(context, "#8a94a3", [0, 560, 260, 430, 520, 540, 860, 400, 1180, 530, 1500, 420, 1920, 560, 1920, 700, 0, 700]);
  const ground = context.createLinearGradient(0, 600, 0, 1080);
  ground.addColorStop(0, "#b59f74");
  ground.addColorStop(1, "#6d5a3c");
  fill(context, ground, [0, 620, 1920, 460]);
  shape(context, "#5c5142", [0, 210, 420, 300, 420, 820, 0, 960]);
  shape(context, "#8b7758", [420, 300, 560, 360, 560, 740, 420, 820]);
  shape(context, "#e2d5b8", [1360, 330, 1920, 190, 1920, 900, 1360, 760]);
  shape(context, "#a8946d", [1240, 380, 1360, 330, 1360, 760, 1240, 700]);
  for (let at = 0; at < 6; at += 1) {
    fill(context, "#2c2822", [60 + (at % 3) * 110, 380 + Math.floor(at / 3) * 190, 62, 96]);
    fill(context, "#6b5e49", [1450 + (at % 3) * 140, 400 + Math.floor(at / 3) * 150, 74, 92]);
  }
  for (let at = 0; at < 90; at += 1) {
    fill(context, at % 2 ? "#7d6947" : "#c2ad82", [(at * 397) % 1920, 640 + ((at * 211) % 430), 26 + (at % 5) * 9, 5]);
  }
  shape(context, "#20242b", [1080, 1080, 1230, 800, 1300, 770, 1340, 800, 1270, 880, 1420, 1080]);
}

/** The parts that games usually show, so that nothing is put over them. @param {CanvasRenderingContext2D} context */
function interfaceOf(context) {
  const glass = "rgba(12,16,22,.62)";
  fill(context, glass, [24, 24, 280, 280]);
  shape(context, "#7fae6d", [60, 60, 170, 90, 260, 180, 190, 270, 80, 230]);
  fill(context, glass, [760, 12, 400, 66]);
  fill(context, glass, [24, 1000, 420, 60]);
  fill(context, "#d8e0ea", [170, 1024, 190, 12]);
  fill(context, glass, [1520, 1000, 376, 60]);
  for (let at = 0; at < 3; at += 1) fill(context, glass, [1500, 84 + at * 44, 396, 36]);
  context.fillStyle = "#f4f6f8";
  context.font = "600 34px sans-serif";
  for (const [word, x, y] of /** @type {[string, number, number][]} */ ([
    ["7   1:24   5", 858, 57],
    ["+ 100", 40, 1042],
    ["30 / 90", 1700, 1042],
  ])) {
    context.fillText(word, x, y);
  }
}

/** @param {CanvasRenderingContext2D} context @param {string | CanvasGradient} style @param {[number, number, number, number]} rectangle */
function fill(context, style, rectangle) {
  context.fillStyle = style;
  context.fillRect(...rectangle);
}

/** @param {CanvasRenderingContext2D} context @param {string} style @param {number[]} points x, y, x, y … */
function shape(context, style, points) {
  context.fillStyle = style;
  context.beginPath();
  for (let at = 0; at < points.length; at += 2) context.lineTo(points[at], points[at + 1]);
  context.fill();
}
