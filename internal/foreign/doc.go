// Package foreign runs the forwarder and the loader, in its tests alone, between stand-ins that
// Seneka does not make, as their libraries come: S3 by rclone/gofakes3, Cloud Storage by
// fake-gcs-server, Pub/Sub by Google's pstest. SQS and BigQuery are those of the local cloud, for
// nobody offers a library of them.
//
// It shows that neither program needs what only the local cloud does. docs/emulators.md has more
// stand-ins, and how to start them.
package foreign
