package s3_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/flexorhq/flexor-go/sinks/s3"
	"github.com/flexorhq/flexor-go/vaultcfg"
)

// A store with credentials of the program's own. In a program that opens a vault, the same
// Config is given as flexor.Sinks{"s3": config.Open}.
func ExampleConfig_Open() {
	config := &s3.Config{
		S3:          vaultcfg.S3{Endpoint: "https://minio.fund.com:9000", ObjectLock: vaultcfg.LockCompliance},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
	place, err := url.Parse("s3://your-compliance-bucket/flexor-audit/")
	if err != nil {
		panic(err)
	}
	store, err := config.Open(context.Background(), place, nil) // sends nothing yet
	if err != nil {
		panic(err)
	}
	fmt.Println(store.Close())
	// Output: <nil>
}
