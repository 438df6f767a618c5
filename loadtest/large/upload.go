package main

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// partSize is how many bytes a part has: a file of 300 GB is less than the 10,000 parts that there may be.
const partSize = 32 << 20

// upload stores in S3 what write writes, in parts, so that the file is never in memory or in another file.
func (c *cloud) upload(ctx context.Context, key string, write func(io.Writer) (written, error)) (f written, err error) {
	client := s3.New(s3.Options{
		BaseEndpoint: &c.s3, UsePathStyle: true, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	made, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		return f, err
	}
	r, w := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		var err error
		f, err = write(w)
		_ = w.CloseWithError(err) // nil is io.EOF
		wrote <- err
	}()
	parts, err := uploadParts(ctx, client, made, r)
	_ = r.CloseWithError(err)
	if err := errors.Join(err, <-wrote); err != nil {
		return f, err
	}
	_, err = client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: made.Bucket, Key: made.Key, UploadId: made.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return f, err
}

func uploadParts(ctx context.Context, client *s3.Client, to *s3.CreateMultipartUploadOutput, r io.Reader) (parts []types.CompletedPart, err error) {
	buf := make([]byte, partSize)
	for {
		n, err := io.ReadFull(r, buf)
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		number := aws.Int32(int32(len(parts) + 1))
		out, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: to.Bucket, Key: to.Key, UploadId: to.UploadId, PartNumber: number, Body: bytes.NewReader(buf[:n])})
		if err != nil {
			return nil, err
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: out.ETag})
	}
}
