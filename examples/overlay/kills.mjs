import { connect } from "/static/js/client.mjs";

const list = document.getElementById("kills");

connect({ overlayId: "kills", types: ["kill", "round"] })
  .on("kill", ({ payload }) => {
    const row = document.createElement("li");
    row.textContent = `${payload.attacker.name} › ${payload.victim.name}`; // never as HTML: strangers choose names
    list.append(row);
  })
  .on("round", () => list.replaceChildren()); // a new round begins or ends
