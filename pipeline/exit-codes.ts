/**
 * Exit codes of the launcher. `postponed`: a launch for new raw data found a run under way that may not have read them,
 * and asks to be made once more; a code that no crash of Node.js ends with.
 */
export const exitCodes = { succeeded: 0, failed: 1, refused: 2, skipped: 0, postponed: 75 } as const;
