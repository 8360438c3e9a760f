// Command terraform-provider-null is a stand-in for hashicorp/null 3.2.4 with the same schema.
//
// tools/setup builds it on a machine that cannot reach a Terraform registry and on no other. It holds
// what kiln's stacks use: a null_resource whose change of triggers replaces it.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

func main() {
	err := providerserver.Serve(context.Background(), newProvider, providerserver.ServeOpts{
		Address:         "registry.terraform.io/hashicorp/null",
		ProtocolVersion: 5,
	})
	if err != nil {
		log.Fatal(err)
	}
}
