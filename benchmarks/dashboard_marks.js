// Notes, in milliseconds since the epoch, when a link was last pressed, when the server had accepted
// the session, and when all five panels were painted. Runs before the page's own scripts; a press
// is kept for the document that it leads to.
(() => {
  const PANELS = ["figures", "traffic", "latency", "routes", "recent"];
  const marks = { opened: performance.timeOrigin, accepted: null, filled: null };
  window.dashboardMarks = marks;
  const now = () => performance.timeOrigin + performance.now();
  document.addEventListener("click", () => sessionStorage.setItem("pressed", now()), true);
  const isFilled = (name) => {
    const panel = document.getElementById(`panel-${name}`);
    return panel !== null && panel.querySelector(".skeleton") === null;
  };
  const observer = new MutationObserver(() => {
    // The panels stand there, empty, from the moment the session is accepted.
    if (!document.getElementById("panel-figures")) return;
    marks.accepted ??= now();
    if (!PANELS.every(isFilled) || !document.querySelector("#panel-recent tbody tr")) return;
    observer.disconnect();
    // A task after the frame's callbacks comes when the frame has been drawn.
    requestAnimationFrame(() => setTimeout(() => { marks.filled = now(); }));
  });
  observer.observe(document, { subtree: true, childList: true });
})();
