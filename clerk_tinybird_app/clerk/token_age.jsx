// How long a session token still lives, whatever the browser's clock says: no clock but the server's
// counts when it was issued, so its age is taken from when it was first seen here.
const seen = { token: "", at: 0, wall: 0 };

const lifetime = (token) => {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  const { iat, exp } = JSON.parse(atob(payload));
  return (exp - iat) * 1_000;
};

// In milliseconds. A monotonic clock may stand still while a laptop sleeps, and a wall clock may be
// set: whichever says more counts, and at the worst a good token is replaced too early.
export const tokenLifeLeft = (token) => {
  if (seen.token !== token) Object.assign(seen, { token, at: performance.now(), wall: Date.now() });
  const age = Math.max(performance.now() - seen.at, Date.now() - seen.wall);
  return lifetime(token) - age;
};
