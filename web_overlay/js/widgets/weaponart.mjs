// @ts-check
// One icon per class of weapons, from vendor/game-icons (CC BY 3.0, docs/credits.md). Long weapons are drawn there from
// corner to corner: `turn` rotates them to horizontal with the muzzle to the right, and `box` is the remaining part of the square.

import ak47 from "../../vendor/game-icons@1.2.1/ak47.mjs";
import battleTank from "../../vendor/game-icons@1.2.1/battle-tank.mjs";
import bowieKnife from "../../vendor/game-icons@1.2.1/bowie-knife.mjs";
import brickWall from "../../vendor/game-icons@1.2.1/brick-wall.mjs";
import desertEagle from "../../vendor/game-icons@1.2.1/desert-eagle.mjs";
import electric from "../../vendor/game-icons@1.2.1/electric.mjs";
import falling from "../../vendor/game-icons@1.2.1/falling.mjs";
import fire from "../../vendor/game-icons@1.2.1/fire.mjs";
import fist from "../../vendor/game-icons@1.2.1/fist.mjs";
import flashGrenade from "../../vendor/game-icons@1.2.1/flash-grenade.mjs";
import fnFal from "../../vendor/game-icons@1.2.1/fn-fal.mjs";
import glock from "../../vendor/game-icons@1.2.1/glock.mjs";
import helicopter from "../../vendor/game-icons@1.2.1/helicopter.mjs";
import jeep from "../../vendor/game-icons@1.2.1/jeep.mjs";
import landMine from "../../vendor/game-icons@1.2.1/land-mine.mjs";
import leeEnfield from "../../vendor/game-icons@1.2.1/lee-enfield.mjs";
import minigun from "../../vendor/game-icons@1.2.1/minigun.mjs";
import molotov from "../../vendor/game-icons@1.2.1/molotov.mjs";
import mp5 from "../../vendor/game-icons@1.2.1/mp5.mjs";
import rocket from "../../vendor/game-icons@1.2.1/rocket.mjs";
import sawedOff from "../../vendor/game-icons@1.2.1/sawed-off-shotgun.mjs";
import sentryGun from "../../vendor/game-icons@1.2.1/sentry-gun.mjs";
import steyrAug from "../../vendor/game-icons@1.2.1/steyr-aug.mjs";
import stunGrenade from "../../vendor/game-icons@1.2.1/stun-grenade.mjs";
import timeBomb from "../../vendor/game-icons@1.2.1/time-bomb.mjs";

/** `box` is a viewBox, `turn` degrees around the middle. @typedef {{d: string, box: string, turn: number}} Art */

/** @param {{body: string}} icon @param {string} [box] @param {number} [turn] @returns {Art} */
function art({ body }, box = "0 0 512 512", turn = 0) {
  return { d: /\bd="([^"]+)"/.exec(body)?.[1] ?? "", box, turn };
}

/** @type {Art} for what has no icon */
export const NO_ART = { d: "", box: "0 0 1 1", turn: 0 };

/** @satisfies {Record<string, Art>} */
export const ART = {
  pistol: art(glock, "26 77 460 358"),
  heavy_pistol: art(desertEagle, "26 116 460 280"),
  smg: art(mp5, "6 156 522 286", 45),
  ak: art(ak47, "-18 208 568 168", 45),
  rifle: art(fnFal, "-30 203 596 130", 45),
  bullpup: art(steyrAug, "-11 135 574 251", 45),
  sniper: art(leeEnfield, "-29 193 589 92", 45),
  shotgun: art(sawedOff, "-58 123 634 162", 45),
  machine_gun: art(minigun, "19 194 476 250"),
  knife: art(bowieKnife, "-29 202 610 113", 135),
  fist: art(fist, "77 20 359 473"),
  shock: art(electric, "136 16 240 480"),
  grenade: art(flashGrenade, "47 25 447 470"),
  flash: art(stunGrenade, "19 20 474 471"),
  molotov: art(molotov, "26 16 467 479"),
  fire: art(fire, "46 16 420 480"),
  bomb: art(timeBomb, "22 29 470 463"),
  mine: art(landMine, "43 26 435 468"),
  rocket: art(rocket, "17 26 473 472"),
  turret: art(sentryGun, "20 68 473 408"),
  tank: art(battleTank, "23 91 466 330"),
  aircraft: art(helicopter, "27 114 462 283"),
  vehicle: art(jeep, "26 94 460 323"),
  fall: art(falling, "16 16 480 480"),
  wall: art(brickWall, "18 18 476 476"),
};
