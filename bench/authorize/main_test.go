package main

import (
	"testing"
	"time"
	"runtime"

	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	for _, n := range []int{10_000, 1_000_000} {
		w := worldOf(n)
		qs := w.questions(1<<18)
		var want []bool
		for _, p := range peers {
			runtime.GC()
			var m0, m1 runtime.MemStats
			runtime.ReadMemStats(&m0)
			st := time.Now()
			ask, err := p.load(w)
			require.NoError(t, err)
			ld := time.Since(st)
			g := time.Now()
			runtime.GC()
			gc := time.Since(g)
			runtime.ReadMemStats(&m1)
			var got []bool
			st = time.Now()
			k := 20000
			if p.name == ours { k = 1<<18 }
			for _, q := range qs[:k] {
				a, err := ask(q)
				require.NoError(t, err)
				got = append(got, a)
			}
			t.Log(n, p.name, "load", ld, "heap MB", (int64(m1.HeapAlloc)-int64(m0.HeapAlloc))>>20, "gc", gc, "per", time.Since(st)/time.Duration(k))
			if want == nil { want = got } else { require.Equal(t, want[:k], got) }
			runtime.KeepAlive(ask)
		}
	}
}
