// What the address says of one filter, and the address that says something else of it.
const NOT = "_not";

// A filter either is some values, or is all but some.
export const chosenIn = (search, name) => {
  const given = new URLSearchParams(search);
  const [included, excluded] = [given.getAll(name), given.getAll(name + NOT)];
  const isExcluded = !included.length && excluded.length > 0;
  return { values: [...new Set(isExcluded ? excluded : included)], isExcluded };
};

export const withChosen = (search, name, { values, isExcluded }) => {
  const given = new URLSearchParams(search);
  given.delete(name);
  given.delete(name + NOT);
  for (const value of values) given.append(isExcluded ? name + NOT : name, value);
  // As the links of the server are written.
  const query = given.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  return query ? `?${query}` : "";
};

export const toggled = ({ values, isExcluded }, value, isMany) => {
  if (values.includes(value)) return { isExcluded, values: values.filter((each) => each !== value) };
  return { isExcluded, values: isMany ? [...values, value] : [value] };
};
