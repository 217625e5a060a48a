"""A component for other languages, with a hook."""

# Without "from __future__ import annotations": Pulumi derives the schema from annotations that are evaluated.
from typing import TypedDict

import pulumi
from pulumi.provider.experimental import component_provider_host


class GreeterArgs(TypedDict):
    """Arguments of a greeter."""

    name: pulumi.Input[str]
    """Who is greeted."""


class Greeter(pulumi.ComponentResource):
    """Keeps a greeting, and refuses the name ``nobody``."""

    greeting: pulumi.Output[str]
    """The greeting."""

    def __init__(self, name: str, args: GreeterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greeting:index:Greeter", name, None, opts)

        async def ask(hook: pulumi.ResourceHookArgs) -> None:
            who = await pulumi.Output.from_input(args["name"]).future()
            pulumi.log.info(f"{hook.name} was asked about {who}")
            if who == "nobody":
                raise RuntimeError("nobody is greeted")

        asks = pulumi.ResourceHook(f"{name}-ask", ask)
        hooks = pulumi.ResourceHookBinding(before_create=[asks], before_update=[asks])
        kept = pulumi.Stash(
            f"{name}-kept",
            input=pulumi.Output.concat("hello ", args["name"]),
            opts=pulumi.ResourceOptions(parent=self, hooks=hooks),
        )
        self.greeting = kept.input
        self.register_outputs({"greeting": self.greeting})


component_provider_host(name="greeting", version="1.2.3", components=[Greeter])
