package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLength(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "90m": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "0.5d": 12 * time.Hour, "1h30m": 90 * time.Minute,
	} {
		var got time.Duration
		assert.NoError(t, length{&got}.Set(text), text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "5", "d", "1w", "1d2h", "soon"} {
		got := time.Minute
		assert.Error(t, length{&got}.Set(text), text)
		assert.Equal(t, time.Minute, got, "what is refused changes nothing")
	}
}
