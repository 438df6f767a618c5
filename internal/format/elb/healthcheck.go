package elb

import (
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// ALBHealthCheck returns the format alb_healthcheck: the health check log of an Application Load
// Balancer, with 8 fields and 10. Columns bear the names of AWS's documentation; "-" is NULL.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-health-check-logs.html
func ALBHealthCheck() *format.Format {
	return &format.Format{
		Name: healthCheck.format,
		Spec: row.Spec{
			Description: "Health check log of AWS Application Load Balancers: one row per check of a target.",
			Columns:     healthCheck.columns(),
			PartitionBy: "time",
			ClusterBy:   []string{"target_group_id", "status", "target_addr"},
		},
		New:      healthCheck.anyDecoder,
		FileTime: format.VendedTime,
		Key:      format.NewKeyPattern(`(^|/)health_check_log[._]\d{12}_elasticloadbalancing_[a-z0-9-]+_app\.[^/]+_\d{8}T\d{4}Z_[^/]*\.log(\.gz)?$`),
	}
}

// healthCheck lists the documented fields in order.
var healthCheck = newLayout(layout{
	format:  "alb_healthcheck",
	needed:  8, // up to reason_code, all that the examples of 2025 have
	telling: []string{"elb", "target_group_id", "target_addr"},
	fields: []field{
		text("type", "Type of health check: http, https, h2, grpc or lambda."),
		timestamp("time", "Time when the check began. UTC, to the microsecond."),
		decimal("latency", "Seconds that the check took."),
		text("target_addr", "Target that was checked: address:port, or the ARN of a Lambda function."),
		text("target_group_id", "Name of the target group."),
		text("status", "Outcome of the check: PASS or FAIL."),
		integer("status_code", "Status code of the target's answer; NULL if it gave none."),
		text("reason_code", "Reason code of a check that failed, such as TargetError; NULL if it passed."),
		text("elb", "Resource ID of the load balancer: app/name/id."),
		text("ip_address", "IP address of the load balancer node."),
	},
})
