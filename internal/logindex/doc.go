// Package logindex finds the accesses of an audit log by record and by run without
// reading the log. It keeps a file beside each segment, with the ending .idx, which
// anybody may delete: it is derived from the segment, and made again by the next reader.
//
// A file is only used if it is of this format and states the records and the root hash
// that the log has at its end; each page of it has a checksum. Who can write to the log's
// directory can still forge one, as he can forge any answer of his own: what an answer
// rests on can be proved by the log's lines.
package logindex
