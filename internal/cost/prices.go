package cost

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Item is something that is paid for. Its name stands in prices.yaml.
type Item string

// The items of a pipeline's bill.
const (
	SQSRequest    Item = "sqs_request"
	S3Get         Item = "s3_get"
	S3List        Item = "s3_list"
	Egress        Item = "aws_egress"
	FargateCPU    Item = "fargate_vcpu"
	FargateMemory Item = "fargate_memory"
	ClassA        Item = "gcs_class_a"
	ClassB        Item = "gcs_class_b"
	Storage       Item = "gcs_storage"
	PubSub        Item = "pubsub_bytes"
	RunCPU        Item = "run_vcpu"
	RunMemory     Item = "run_memory"
	RunRequest    Item = "run_request"
	Write         Item = "bigquery_write"
	Query         Item = "bigquery_query"
)

// Price is what one unit of an item costs.
type Price struct {
	Item   Item    `yaml:"item" json:"item"`
	What   string  `yaml:"what" json:"what"`
	Unit   string  `yaml:"unit" json:"unit"`
	USD    float64 `yaml:"usd" json:"usd"`
	Free   float64 `yaml:"free" json:"free"` // units of a month that cost nothing
	Date   string  `yaml:"date" json:"date"` // when it was looked up
	Source string  `yaml:"source" json:"source"`
}

//go:embed prices.yaml
var priceTable []byte

// Prices returns the price table, in the order in which a bill shows it. It panics if the table, which
// is part of the program, cannot be read.
func Prices() []Price {
	var prices []Price
	if err := yaml.NewDecoder(bytes.NewReader(priceTable), yaml.Strict()).Decode(&prices); err != nil {
		panic(fmt.Sprintf("cost: price table: %v", err))
	}
	return prices
}
