package load

import (
	"slices"
	"time"
)

// Summary is what all processes of one measurement saw together.
type Summary struct {
	Rate            float64       // entries per second
	P50, P99, P999  time.Duration // latency of an acknowledged append
	CPUPerEntry     time.Duration
	JainOfWriters   float64 // fairness index over all writers of all processes
	JainOfProcesses float64
}

// Summarise adds up the results of processes that ran side by side.
func Summarise(results []Result) Summary {
	var s Summary
	var cpu time.Duration
	var writers, processes []float64
	var latencies []time.Duration
	for _, r := range results {
		sum := 0
		for _, n := range r.Stored {
			writers = append(writers, float64(n))
			sum += n
		}
		processes = append(processes, float64(sum))
		s.Rate += float64(sum) / r.Elapsed.Seconds()
		cpu += r.CPU
		latencies = append(latencies, r.Latencies...)
	}
	slices.Sort(latencies)
	s.P50, s.P99, s.P999 = Quantile(latencies, 0.5), Quantile(latencies, 0.99), Quantile(latencies, 0.999)
	s.JainOfWriters, s.JainOfProcesses = Jain(writers), Jain(processes)
	if n := Sum(processes); n > 0 {
		s.CPUPerEntry = time.Duration(float64(cpu) / n)
	}
	return s
}

// Quantile returns the q-quantile of values in ascending order; 0 of none.
func Quantile[T any](sorted []T, q float64) T {
	var zero T
	if len(sorted) == 0 {
		return zero
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Median returns the middle of values, the lower one of two; 0 of none.
func Median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}

// Jain is the fairness index of Jain, Chiu and Hawe: 1 if all have the same, 1/n
// if one of n has everything.
func Jain(x []float64) float64 {
	var squares float64
	for _, v := range x {
		squares += v * v
	}
	if squares == 0 {
		return 0
	}
	sum := Sum(x)
	return sum * sum / (float64(len(x)) * squares)
}

// Sum returns the sum of x.
func Sum(x []float64) (sum float64) {
	for _, v := range x {
		sum += v
	}
	return sum
}
