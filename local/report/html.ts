import type { RunReport } from "./report";

export const renderPage = (report: RunReport): string => JSON.stringify(report);
