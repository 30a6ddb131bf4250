// A panel that shows its chart, or the same numbers as a table.
import { createContext, useCallback, useContext, useMemo, useState } from "react";

const ViewContext = createContext({ asTable: false, toggle: () => {} });

// A reconnect or a switch of the tenant mounts the page again. The chosen tables stay tables.
const kept = {};

export function ChartOrTable({ name, children }) {
  const [asTable, setAsTable] = useState(kept[name] ?? false);
  const toggle = useCallback(() => {
    kept[name] = !kept[name];
    setAsTable(kept[name]);
  }, []);
  const value = useMemo(() => ({ asTable, toggle }), [asTable]);
  return <ViewContext.Provider value={value}>{children}</ViewContext.Provider>;
}

export function TableToggle(props) {
  const { asTable, toggle } = useContext(ViewContext);
  return (
    <button type="button" onClick={toggle} {...props}>
      {asTable ? "Show as a chart" : "Show as a table"}
    </button>
  );
}

export function AsChart({ children }) {
  return useContext(ViewContext).asTable ? null : children;
}

export function AsTable({ children }) {
  return useContext(ViewContext).asTable ? children : null;
}
