"""All providers of an application, by type: what needs what, in which order it is made, and what cannot be. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pooljobs.errors import DeclarationError
from pooljobs.handler.provider import Provider, type_name


class Providers:
    """The later provider of a type takes the place of the earlier one."""

    def __init__(self) -> None:
        self._by_type: dict[object, Provider] = {}

    def add(self, provider: Provider) -> None:
        """Registers it. What it needs may be provided later."""
        self._by_type[provider.type_] = provider

    def __contains__(self, type_: object) -> bool:
        return type_ in self._by_type

    def of(self, type_: object) -> Provider:
        """The provider of a type.

        Raises:
            DeclarationError: There is none.
        """
        if type_ in self._by_type:
            return self._by_type[type_]
        raise DeclarationError(
            f"nobody provides State[{type_name(type_)}]",
            hint=f"call app.provide({type_name(type_)}, factory) where the app is declared",
        )

    def needed(self, types: Iterable[object]) -> tuple[Provider, ...]:
        """The providers of these types and of all that they need, each behind what it needs itself.

        Raises:
            DeclarationError: Nobody provides one of them, they need each other in a circle, or what is made for all
                runs of a worker needs what is made for one.
        """
        found: dict[object, Provider] = {}
        for type_ in types:
            self._add_needed(self.of(type_), found, ())
        return tuple(found.values())

    def in_loop(self, provider: Provider) -> bool:
        """Whether its values are made and closed in an event loop: it is asynchronous, or needs something that is."""
        return any(each.is_async for each in self.needed((provider.type_,)))

    def _add_needed(self, provider: Provider, found: dict[object, Provider], path: tuple[Provider, ...]) -> None:
        if provider.type_ in found:
            return
        if provider in path:
            circle = [*path[path.index(provider) :], provider]
            raise DeclarationError(f"a circle of providers: {' needs '.join(each.name for each in circle)}")
        for _, type_ in provider.needs.states:
            if type_ not in self._by_type:
                raise DeclarationError(
                    f"{provider.name} asks for State[{type_name(type_)}], which nobody provides",
                    hint=f"call app.provide({type_name(type_)}, factory) where the app is declared",
                )
            needed = self._by_type[type_]
            if needed.scope == "run" and provider.scope == "worker":
                raise DeclarationError(
                    f"{provider.name} is made once in a worker, and asks for State[{type_name(type_)}], which each run"
                    " has for itself",
                    hint="give it scope='run' as well",
                )
            self._add_needed(needed, found, (*path, provider))
        found[provider.type_] = provider
