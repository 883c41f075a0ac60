import { connect } from "/static/js/client.mjs";

const list = document.getElementById("kills");

connect({ overlayId: "kills", types: ["kill", "round"] })
  .on("kill", ({ payload: { attacker, victim } }) => {
    const row = document.createElement("li");
    row.textContent = victim ? `${attacker.name} › ${victim.name}` : attacker.name; // never as HTML: strangers choose names
    list.append(row);
    if (list.children.length > 8) list.firstChild.remove();
  })
  .on("round", () => list.replaceChildren()); // a new round begins or ends
