// Package formats is the table of all formats.
package formats

import (
	"fmt"
	"slices"
	"sync"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/cloudfront"
	"github.com/seneka-io/seneka/internal/format/cloudtrail"
	"github.com/seneka-io/seneka/internal/format/cloudwatch"
	"github.com/seneka-io/seneka/internal/format/csv"
	"github.com/seneka-io/seneka/internal/format/elb"
	"github.com/seneka-io/seneka/internal/format/firelens"
	"github.com/seneka-io/seneka/internal/format/ndjson"
	"github.com/seneka-io/seneka/internal/format/parquet"
	"github.com/seneka-io/seneka/internal/format/route53"
	"github.com/seneka-io/seneka/internal/format/s3access"
	"github.com/seneka-io/seneka/internal/format/vpcflow"
	"github.com/seneka-io/seneka/internal/format/waf"
)

// table lists the formats by name, and makes them when they are first asked for. A new one is a line here, a file in its family's package, and
// its tests.
var table = sync.OnceValue(func() []*format.Format {
	return []*format.Format{
		elb.ALB(),
		elb.ELB(),
		elb.NLB(),
		elb.ALBConnection(),
		elb.ALBHealthCheck(),
		s3access.S3Access(),
		vpcflow.VPCFlow(),
		cloudfront.CloudFront(),
		cloudtrail.CloudTrail(),
		waf.WAF(),
		route53.Resolver(),
		cloudwatch.CloudWatch(),
		firelens.FireLens(),
		ndjson.Format(),
		csv.CSV(),
		csv.TSV(),
		parquet.Format(),
	}
})

// Lookup returns the format that the configuration calls name. The format is shared: do not change
// it. Lookup is safe for concurrent use.
func Lookup(name string) (*format.Format, bool) {
	i := slices.IndexFunc(table(), func(f *format.Format) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return table()[i], true
}

// Declared returns the format that the configuration calls name, for a source that declares d: the
// same as Lookup unless the format has no columns of its own.
func Declared(name string, d format.Declaration) (*format.Format, error) {
	f, ok := Lookup(name)
	switch {
	case !ok:
		return nil, fmt.Errorf("format %q is not known", name)
	case f.Declare != nil:
		return f.Declare(d)
	case d.Columns != nil:
		return nil, fmt.Errorf("format %s brings its own columns: remove schema", name)
	case d.PartitionBy != "" && d.PartitionBy != f.Spec.PartitionBy:
		return nil, fmt.Errorf("partition.column is %q, and tables of format %s are partitioned by %q: leave partition out", d.PartitionBy, name, f.Spec.PartitionBy)
	}
	return f, nil
}

// Known returns all formats by name, true for those whose columns a source declares.
func Known() map[string]bool {
	known := make(map[string]bool, len(table()))
	for _, f := range table() {
		known[f.Name] = f.Declare != nil
	}
	return known
}

// Names returns the names of all formats, sorted.
func Names() []string {
	names := make([]string, len(table()))
	for i, f := range table() {
		names[i] = f.Name
	}
	slices.Sort(names)
	return names
}
