package redact

import "testing"

func TestUserinfo(t *testing.T) {
	t.Parallel()
	checkFinds(t, userinfoDetector(), "",
		"https://⟦jane:secret⟧@example.com/x", "postgres://⟦jane:p@ss@word⟧@db/prod", "redis://⟦:secret⟧@[::1]:6379",
		"ssh://⟦git⟧@example.com", "HTTPS://⟦jane⟧@example.com",
		"akka.tcp://⟦a:b⟧@host", "https://⟦jane%40example.org⟧@example.com, https://⟦joe:x⟧@example.com",
		"git+ssh://⟦jane⟧@example.com", "postgres://⟦u:p⟧@/db",
		"https://@example.com", "https://example.com/@jane", "https://example.com/?u=a:b@c", "https://example.com#a@b",
		"akka.tcp://system@host", "spark://Scheduler@10.0.0.1",
		"https://[USERINFO]@example.com", "https://[USERINFO:k3:abc]@example.com", "https://jane:[SECRET]@example.com",
		"https://${USER}:${PASSWORD}@host", "://", "://jane:x@host", "a@b://c",
		"https://example.com jane:secret@example.com",
	)
}
