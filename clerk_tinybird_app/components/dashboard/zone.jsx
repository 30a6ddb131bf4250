// The choice of the time zone.
import { useEffect, useState } from "react";
import { store, stored } from "../../../clerk/components/storage.jsx";
import { Finder } from "../../commands/finder.jsx";
import { press } from "../../commands/keys.jsx";

const KEPT = "dashboard-zones";
const MOST = 4;

const keptZones = () => stored(KEPT).split(" ").filter(Boolean);
const keepZone = (name) => {
  const others = keptZones().filter((each) => each !== name);
  store(KEPT, [name, ...others].slice(0, MOST).join(" "));
};

const spaced = (name) => name.replaceAll("_", " ");

// Props: `zones` every name with its distance from UTC, empty until they have come; `own` the
// viewer's; `current` the one in use.
export function ZoneChoice({ zones, own, current, onOpen, onChoose }) {
  const [lately] = useState(keptZones);
  useEffect(() => {
    if (!zones.length) onOpen();
  }, []);
  const offsets = new Map(zones);
  const option = (name, label) => ({
    name,
    label,
    note: offsets.get(name),
    isCurrent: name === current,
  });
  const first = new Set([own, "UTC"]);
  const used = lately.filter((name) => !first.has(name) && offsets.has(name));
  const listed = new Set([...first, ...used]);
  const groups = [
    {
      name: "Yours",
      options: [
        option(own, spaced(own)),
        ...(own === "UTC" ? [] : [option("UTC", "UTC")]),
      ],
    },
    { name: "Used lately", options: used.map((name) => option(name, spaced(name))) },
    {
      name: "All",
      options: zones
        .filter(([name]) => !listed.has(name))
        .map(([name]) => option(name, spaced(name))),
    },
  ];
  const choose = ({ name }) => {
    // The address stays as it is, so nothing else would close the box.
    if (name === current) return press("zone");
    if (name !== own) keepZone(name);
    onChoose(name === own ? "" : name);
  };
  return (
    <Finder
      label="Search time zones"
      groups={groups.filter(({ options }) => options.length)}
      onChoose={choose}
      none={(text) => (zones.length ? `No time zone is called “${text}”.` : "Loading")}
    />
  );
}
