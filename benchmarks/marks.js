// Notes, in milliseconds since the epoch, when a button or a link was last pressed, when Clerk had
// answered, when the token was painted, when the server had accepted the session, and when all
// panels were painted. Runs before the page's own scripts; a press is kept for the document that it
// leads to.
(() => {
  const opened = performance.timeOrigin;
  const now = () => opened + performance.now();
  const pressed = () => +sessionStorage.getItem("pressed");
  const marks = { opened, get pressed() { return pressed(); } };
  window.benchmarkMarks = marks;
  document.addEventListener("click", () => sessionStorage.setItem("pressed", now()), true);
  // A task after the frame's callbacks comes when the frame has been drawn.
  const drawn = (note) => requestAnimationFrame(() => setTimeout(note));
  const noteToken = () => {
    const answers = performance.getEntriesByType("resource")
      .filter(({ name }) => name.includes("/__clerk/v1/client"))
      .map(({ responseEnd }) => opened + responseEnd);
    marks.token = now();
    marks.answered = Math.max(pressed(), ...answers.filter((end) => end <= marks.token));
  };
  let hasToken = false;
  const observer = new MutationObserver(() => {
    const shown = document.getElementById("tinybird-token");
    if (!hasToken && shown && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(shown.textContent)) {
      hasToken = true;
      drawn(noteToken);
    }
    // The panels stand there, empty, from the moment the session is accepted.
    const panels = [...document.querySelectorAll("[id^=panel-]")];
    if (!panels.length) return;
    marks.accepted ??= now();
    if (panels.some((panel) => panel.querySelector(".skeleton"))) return;
    // The last one is a table, whose rows come after its skeleton has gone.
    if (!panels.at(-1).querySelector("tbody tr")) return;
    observer.disconnect();
    drawn(() => { marks.panels = now(); });
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
})();
