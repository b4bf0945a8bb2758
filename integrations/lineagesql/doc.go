// Package lineagesql holds the tests of lineage.SQLDriver with a real SQLite and a real
// PostgreSQL. It is a module of its own, so that no driver enters the SDK's go.mod.
//
// The tests start a PostgreSQL of their own, from the programs in $PATH or where Debian
// puts them, and skip what needs it if there are none. With FLEXOR_TEST_POSTGRES=required
// they fail.
package lineagesql
