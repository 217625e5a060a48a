// The Kubernetes client does once what a kube-apiserver 1.36 does with etcd, by the same client of etcd's own
// client/v3/kubernetes.
//
//	kubernetes-client BUNDLE PREFIX ENDPOINT...
//
// BUNDLE is a folder with ca.pem, client.pem and client-key.pem. PREFIX is that of --etcd-prefix, such as /registry, and
// an ENDPOINT is one of --etcd-servers. It prints a line for each operation: {"operation": NAME, "outcome": "done",
// "refused" or "failed", "error": TEXT}. "refused" means that etcd denied the permission, or has no such user. One
// operation that does not succeed does not keep the others from running.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.uber.org/zap"
)

// limit is how long one operation may take.
const limit = 10 * time.Second

// result is one line of the output.
type result struct {
	Operation string `json:"operation"`
	Outcome   string `json:"outcome"`
	Error     string `json:"error"`
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes-client BUNDLE PREFIX ENDPOINT...")
		os.Exit(2)
	}
	client, err := connect(os.Args[1], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer client.Close()
	server := newServer(client, os.Args[2])
	for _, one := range server.operations() {
		report(one.name, try(one))
	}
}

// connect configures the client as k8s.io/apiserver/pkg/storage/storagebackend/factory/etcd3.go does.
func connect(bundle string, endpoints []string) (*kubernetes.Client, error) {
	files := transport.TLSInfo{
		CertFile:      filepath.Join(bundle, "client.pem"),
		KeyFile:       filepath.Join(bundle, "client-key.pem"),
		TrustedCAFile: filepath.Join(bundle, "ca.pem"),
	}
	config, err := files.ClientConfig()
	if err != nil {
		return nil, err
	}
	return kubernetes.New(clientv3.Config{
		Endpoints:            endpoints,
		DialTimeout:          20 * time.Second,
		DialKeepAliveTime:    30 * time.Second,
		DialKeepAliveTimeout: 10 * time.Second,
		TLS:                  config,
		Logger:               zap.NewNop(),
	})
}

// try runs one operation, within its time limit.
func try(one operation) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return one.run(ctx)
}

func report(name string, err error) {
	line := result{Operation: name, Outcome: "done"}
	if err != nil {
		line.Outcome, line.Error = "failed", err.Error()
	}
	if refused(err) {
		line.Outcome = "refused"
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// refused is whether etcd denied the permission, or does not know the certificate's user. The error of a watch has only
// the text of the reason.
func refused(err error) bool {
	return err != nil && (errors.Is(err, rpctypes.ErrUserNotFound) ||
		strings.Contains(err.Error(), rpctypes.ErrPermissionDenied.Error()))
}

// rooted returns the prefix as an API server uses it: /registry/ for registry, /registry and /registry/.
func rooted(prefix string) string {
	return path.Join("/", prefix) + "/"
}
