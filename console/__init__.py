"""The console: one page that shows an etcd cluster live, and what a run of Pulumi does with it."""
