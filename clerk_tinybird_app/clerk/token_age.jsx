// How long a session token still lives, also with a wrong clock in the browser. Its time of issue
// is by the server's clock, so its age is counted from the moment when it was first seen here.
const seen = { token: "", at: 0, wall: 0 };

const lifetime = (token) => {
  const payload = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  const { iat, exp } = JSON.parse(atob(payload));
  return (exp - iat) * 1_000;
};

// In milliseconds. A monotonic clock may stop while a laptop sleeps, and a wall clock may be set.
// The greater age counts: at worst a good token is replaced too early.
export const tokenLifeLeft = (token) => {
  if (seen.token !== token) Object.assign(seen, { token, at: performance.now(), wall: Date.now() });
  const age = Math.max(performance.now() - seen.at, Date.now() - seen.wall);
  return lifetime(token) - age;
};
