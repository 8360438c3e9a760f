package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type nullDataSource struct{}

type nullDataSourceModel struct {
	Inputs   types.Map    `tfsdk:"inputs"`
	Outputs  types.Map    `tfsdk:"outputs"`
	Random   types.String `tfsdk:"random"`
	Computed types.String `tfsdk:"has_computed_default"`
	ID       types.String `tfsdk:"id"`
}

func newNullDataSource() datasource.DataSource { return nullDataSource{} }

func (nullDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse) {
	response.TypeName = "null_data_source"
}

func (nullDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse) {
	response.Schema = schema.Schema{
		DeprecationMessage: "Use a local value or terraform_data.",
		Attributes: map[string]schema.Attribute{
			"inputs":               schema.MapAttribute{ElementType: types.StringType, Optional: true},
			"outputs":              schema.MapAttribute{ElementType: types.StringType, Computed: true},
			"random":               schema.StringAttribute{Computed: true},
			"has_computed_default": schema.StringAttribute{Optional: true, Computed: true},
			"id":                   schema.StringAttribute{Computed: true},
		},
	}
}

func (nullDataSource) Read(ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse) {
	var model nullDataSourceModel
	response.Diagnostics.Append(request.Config.Get(ctx, &model)...)
	if response.Diagnostics.HasError() {
		return
	}
	model.Outputs = model.Inputs
	model.Random = newID()
	if model.Computed.IsNull() {
		model.Computed = types.StringValue("default")
	}
	model.ID = types.StringValue("static")
	response.Diagnostics.Append(response.State.Set(ctx, &model)...)
}
