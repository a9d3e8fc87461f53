import { detectDefinitionKind } from '@olcf/container-builder-core';
import { expect, test } from 'vitest';

test.each([
	['FROM debian:trixie\nRUN true\n', 'dockerfile'],
	['# syntax=docker/dockerfile:1\n\nfrom debian\n', 'dockerfile'],
	['ARG TAG=trixie\nFROM debian:$TAG\n', 'dockerfile'],
	['FROM --platform=linux/arm64 debian AS build', 'dockerfile'],
	['Bootstrap: docker\nFrom: debian\n', 'apptainer'],
	['\uFEFFBootstrap: docker\r\nFrom: debian\r\n', 'apptainer'],
	['# a comment\n\n  BOOTSTRAP : docker\n', 'apptainer'],
	['From: debian\nBootstrap: docker\n', 'apptainer'],
	['from:debian\n', 'apptainer'],
	['%post\n  true\n', 'apptainer'],
	['', undefined],
	['# only a comment', undefined],
	['FROM\n', undefined],
	['RUN true\n', undefined],
	['hello world', undefined],
])('%j is %s', (text, kind) => {
	expect(detectDefinitionKind(text)).toBe(kind);
});
