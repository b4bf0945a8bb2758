package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/flexorhq/flexor-go/lineage"
	"github.com/flexorhq/flexor-go/sinks/vault"
)

func main() {
	ctx := context.Background()
	dir := os.Args[1]
	n := 1000000
	if len(os.Args) > 2 { fmt.Sscan(os.Args[2], &n) }
	log := filepath.Join(dir, "audit-log")
	if _, err := os.Stat(log); err != nil {
		t := time.Now()
		size, err := newWorkload(100000).write(ctx, log, n, func(access) error { return nil })
		fmt.Println("write", size, err, time.Since(t))
	}
	m, _ := filepath.Glob(log + "/segments/*/*.idx")
	for _, f := range m { if len(os.Args) > 3 { os.Remove(f) } }
	f, _ := os.Create("/tmp/index/cpu.prof")
	if len(os.Args) > 3 {pprof.StartCPUProfile(f)}
	t := time.Now()
	r, err := vault.OpenReader(log)
	if err != nil { panic(err) }
	_, err = r.Accesses(ctx)
	fmt.Println("index", err, time.Since(t))
	if len(os.Args) > 3 {pprof.StopCPUProfile()}
	t = time.Now()
	r, err = vault.OpenReader(log)
	_, err = r.Accesses(ctx)
	fmt.Println("open", err, time.Since(t))
	m, _ = filepath.Glob(log + "/segments/*/*.idx")
	total := int64(0)
	for _, f := range m { i, _ := os.Stat(f); total += i.Size() }
	fmt.Println("size", len(m), total, float64(total)/float64(n))
	if len(os.Args) <= 3 {pprof.StartCPUProfile(f)}
	for _, rec := range []int32{0, 6*3+0, 600, 6000, 60000, 60001, 60002, 12, 60000} {
		for _, depth := range []int{1, 0} {
		t = time.Now()
		res, err := lineage.Trace(ctx, r, lineage.Query{Record: uri(rec), Depth: depth, MaxVersions: 10000000})
		if err != nil { panic(err) }
		fmt.Println(uri(rec), depth, len(res.Touches), len(res.Versions), len(res.Edges), time.Since(t))
		}
	}
	pprof.StopCPUProfile()
}
