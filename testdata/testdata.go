// Package testdata holds real log files, for the demo and for tests; SOURCES.tsv beside them says
// where each comes from and under which licence.
package testdata

import "embed"

// ALB holds access logs of Application Load Balancers, in the folder alb.
//
//go:embed alb
var ALB embed.FS

// ELB holds access logs of Classic Load Balancers, in the folder elb.
//
//go:embed elb
var ELB embed.FS
