//go:build tools

// Package tools names the commands that are built from here; see ../regenerate.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
