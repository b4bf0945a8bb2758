package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

const region = "us-east-1"

// server is an S3 server with an empty bucket.
type server struct {
	endpoint, bucket string
	secret           string    // of the one that was started; empty: the environment has it
	cmd              *exec.Cmd // nil: it was there
}

// openServer starts the server that s names, or says where it is.
func openServer(ctx context.Context, s settings, dir string) (*server, error) {
	if strings.Contains(s.s3, "://") {
		return &server{endpoint: s.s3, bucket: s.bucket}, nil
	}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	srv := &server{endpoint: "http://" + addr, bucket: s.bucket, secret: rand.Text()}
	srv.cmd = exec.Command(s.s3, "-p", addr, "--quiet", "posix", data)
	srv.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+srv.secret, "ROOT_SECRET_KEY="+srv.secret)
	if err := srv.cmd.Start(); err != nil {
		return nil, err
	}
	client := awss3.New(awss3.Options{
		BaseEndpoint: &srv.endpoint, Region: region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(srv.secret, srv.secret, ""),
	})
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if _, err = client.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String(srv.bucket)}); err == nil {
			return srv, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s makes no bucket: %w", s.s3, err), srv.close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// env returns the credentials as the AWS environment has them.
func (s *server) env() []string {
	if s == nil || s.secret == "" {
		return nil
	}
	return []string{"AWS_ACCESS_KEY_ID=" + s.secret, "AWS_SECRET_ACCESS_KEY=" + s.secret}
}

// close ends the server if it was started here.
func (s *server) close() error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it says that the process was killed
	return err
}

// freeAddress returns an address of this machine on which nobody listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
