package main

// prices is what a bucket costs, in USD.
type prices struct {
	put      float64 // for 1,000 PUTs
	gigabyte float64 // for 10^9 bytes and month
}

// million is what a million entries come to.
type million struct {
	log, stored float64 // bytes
	puts        float64
	putting     float64 // USD, once
	keeping     float64 // USD a month
}

// cost scales what was sent of so many entries up to a million. PUTs are those of a log
// that is sent as fast as it can be: the fewest that there can be.
func (p prices) cost(entries int, log int64, s sent) million {
	scale := 1e6 / float64(entries)
	m := million{log: scale * float64(log), stored: scale * float64(s.Stored), puts: scale * float64(s.Puts)}
	m.putting, m.keeping = m.puts/1000*p.put, m.stored/1e9*p.gigabyte
	return m
}

// most is what the PUTs of one log cost at most in a month of 30 days, one a minute.
func (p prices) most() float64 { return 30 * 24 * 60 / 1000. * p.put }
