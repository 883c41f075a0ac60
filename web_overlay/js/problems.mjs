// @ts-check
// Problems of this page, for the HUD and the console. Bounded: a repeated problem of a file is reported once.

const MOST = 50;

/** @param {string[]} problems also gets what is told later @returns {(problem: string) => void} */
export function reporterOf(problems) {
  const warn = (/** @type {string} */ problem) => console.warn(`framewire: ${problem}`);
  problems.forEach(warn);
  return (problem) => {
    if (problems.includes(problem)) return;
    problems.push(problem);
    if (problems.length > MOST) problems.shift();
    warn(problem);
  };
}
