// The visible tabs of one browser share a token's allowance, so they take turns. A tab that closes
// or crashes loses its turn by itself. A tab that hangs is skipped.
const LOCK = "dashboard-refresh";
const SPARE_MS = 2_000;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Calls `act` when it is this tab's turn, and keeps the turn for `ms` if that returns true. Before
// that, `queued` gets the time that the tabs in front will take.
export async function inTurn(ms, queued, act) {
  let isOver = false;
  const hold = async () => {
    isOver = true;
    if (act()) await sleep(ms);
  };
  // Browsers have no locks on pages that came over plain HTTP.
  if (!navigator.locks) return hold();
  const { held, pending } = await navigator.locks.query();
  const waitMs = ms * [...held, ...pending].filter(({ name }) => name === LOCK).length;
  queued(waitMs);
  try {
    await navigator.locks.request(LOCK, { signal: AbortSignal.timeout(waitMs + SPARE_MS) }, hold);
  } catch {
    // This tab has waited too long for another tab, or another tab has taken the lock from this
    // one.
    if (!isOver) await navigator.locks.request(LOCK, { steal: true }, hold).catch(() => {});
  }
}

// Takes a turn if no tab has one or waits for it. It calls `act` when `ready` has come and is true,
// and then keeps the turn for `ms` if `act` returns true.
export async function ifFree(ms, ready, act) {
  const hold = async (lock) => {
    if (lock && (await ready) && act()) await sleep(ms);
  };
  if (!navigator.locks) return hold(true);
  // Another tab may take the lock from this one.
  await navigator.locks.request(LOCK, { ifAvailable: true }, hold).catch(() => {});
}
