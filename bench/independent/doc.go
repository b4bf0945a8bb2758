// Package independent checks a vault's log with code that is not ours. Its tests
// read the plain segment files as an auditor could with grep and sha256sum, and
// hold them against the log's checkpoints, receipts and tree by x/mod (note and
// tlog, called directly) and by transparency-dev/merkle. None of it calls the
// packages that made the log.
package independent
