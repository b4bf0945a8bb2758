package redact

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMAC(t *testing.T) {
	t.Parallel()
	checkFinds(t, macDetector(), "",
		"⟦00:1a:2b:3c:4d:5e⟧", "⟦01:02:03:04:05:06⟧", "⟦FF-EE-DD-CC-BB-AA⟧", "⟦001a.2b3c.4d5e⟧",
		"⟦00:1a:2b:ff:fe:3c:4d:5e⟧", "⟦001a.2bff.fe3c.4d5e⟧", "⟦A9 C5 D4 9F EB D3⟧",
		"mac:⟦00:1a:2b:3c:4d:5e⟧.", "ether ⟦00:1a:2b:3c:4d:5e⟧ txqueuelen 1000",
		"⟦00:1a:2b:3c:4d:5e⟧,⟦00-1a-2b-3c-4d-5f⟧", "(⟦00:1a:2b:3c:4d:5e⟧)",
		"IN=eth0 MAC=⟦00:0c:29:aa:bb:cc:00:50:56:c0:00:08:08:00⟧ SRC=10.0.0.1",
		"00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:6f", "00:1a:2b:3c:4d:5g", "00:1a:2b-3c-4d-5e", "1:2:3:4:5:6",
		"00:1a:2b:3c:4d:5e::1", "001a:2b3c:4d5e", "001a.2b3c", "00.1a.2b.3c.4d.5e",
		"aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99", "aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77",
		"26-04-30-06-00-00", "0000.1111.2222", "dump A9 C5 D4 9F EB D3",
		"MAC ⟦001A2B3C4D5E⟧", "macAddr=⟦001a2b3c4d5e⟧;", "bssid: ⟦001a2b3c4d5e⟧", "mac 001a2b3c4d5", "mac 123456789012", "machine 001a2b3c4d5e", "mac, id 001a2b3c4d5e", "mac 001a2b3c4d5eff",
	)
	r := redactorOf(t, Config{Detectors: []string{"mac_address"}})
	out, _ := r.JSON([]byte(`{"client_mac":"001A2B3C4D5E","machine_id":"001a2b3c4d5e"}`))
	assert.Equal(t, `{"client_mac":"[MAC]","machine_id":"001a2b3c4d5e"}`, string(out))
}

func TestNormaliseMAC(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4D5E", "00 1A 2B 3C 4D 5E"} {
		assert.Equal(t, "001a2b3c4d5e", string(normaliseMAC(nil, []byte(value))))
	}
}
