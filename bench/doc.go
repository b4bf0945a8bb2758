// Package bench measures the SDK against what people would use in its place, and
// checks its proofs with verifiers that are not ours. It is a module of its own,
// so that who embeds the SDK inherits none of the peers.
//
//	go run ./ledger       durable appends beside raw writes, Tessera, SQLite and bbolt
//	go run ./runs         whole runs through audit.Do into a vault
//	go run ./openverify   opening after a crash, and verifying, a log of a million entries
//	go run ./kill         from an order to kill a run to its cancelled context, across processes
//	go run -C redact .    redaction beside regexp, go-re2 and gitleaks; a module of its own
//	go run -C authorize . decisions beside casbin, cedar-go, OPA and OpenFGA; a module of its own
//	go run -C lineage .   lineage beside SQLite and PostgreSQL; a module of its own
//	go run -C archive .   sending logs elsewhere, what is stored and what it costs; a module of its own
//	go test ./...         proofs and checkpoints against x/mod and transparency-dev/merkle
//
// All of it needs Linux: durability there is fdatasync. Results and how to read
// them are in docs/performance.md.
package bench
