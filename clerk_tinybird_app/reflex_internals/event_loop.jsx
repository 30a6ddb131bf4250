// What Reflex's page knows of its websocket. Nothing else is imported from Reflex's own templates.
import { useContext } from "react";
import { EventLoopContext } from "$/utils/context-registry";

// The errors of connecting; there are some while the websocket is down.
export const useConnectErrors = () => useContext(EventLoopContext)[1];
