package localcloud

import (
	"context"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

// Stats says what lies at each hop. The hops are read one after the other: a file on its way may be
// missed or seen twice.
type Stats struct {
	Objects int   // in all buckets of S3
	Queue   Depth // of SQS
	Landed  int   // objects in the landing bucket
	Push    Depth // of Pub/Sub's subscription
}

// Depth is how many messages lie between two hops.
type Depth struct {
	Waiting  int // for their receiver
	InFlight int // with their receiver
	Done     int // acknowledged by their receiver since the cloud was started
	Dead     int // given up and parked
}

// Stats counts. It is for a cloud that pushes.
func (c *Cloud) Stats() (Stats, error) {
	landed, err := c.gcs.Objects(c.landing)
	if err != nil {
		return Stats{}, err
	}
	queue, err := c.queueDepth()
	if err != nil {
		return Stats{}, err
	}
	push, err := c.pushDepth()
	return Stats{Objects: c.s3.Objects(), Queue: queue, Landed: landed, Push: push}, err
}

func (c *Cloud) queueDepth() (Depth, error) {
	d, err := c.sqs.Depth(c.queue)
	if err != nil {
		return Depth{}, err
	}
	dead, err := c.sqs.Depth(c.queue + deadSuffix)
	return Depth{d.Waiting, d.InFlight, d.Deleted, dead.Waiting + dead.InFlight}, err
}

func (c *Cloud) pushDepth() (Depth, error) {
	d, err := c.pubsub.Depth(subscription)
	if err != nil {
		return Depth{}, err
	}
	dead, err := c.pubsub.Depth(deadSub)
	return Depth{d.Waiting, d.InFlight, d.Acknowledged, dead.Waiting + dead.InFlight}, err
}

// Query runs a query in the local project without leaving a job, for what is asked every second.
func (c *Cloud) Query(ctx context.Context, sql string) (*engine.Result, error) {
	return c.db.Query(ctx, engine.Query{SQL: sql, DefaultProject: Project})
}
