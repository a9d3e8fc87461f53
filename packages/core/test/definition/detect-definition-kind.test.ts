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
	['# escape=`\n# syntax=x\nFROM x\n', 'dockerfile'],
	['\uFEFFFROM debian\n', 'dockerfile'],
	['# comment\r\n\r\nARG A=1\r\nFROM debian:$A\r\n', 'dockerfile'],
	['FROM\tdebian\n', 'dockerfile'],
	['FROM \\\n  debian\n', 'dockerfile'],
	['  from debian as Bootstrap:x\n', 'dockerfile'],
	['FROM debian\nRUN <<EOF\nBootstrap: docker\nFrom: x\n%post\nEOF\n', 'dockerfile'],
	['FORM debian\nRUN true\nFROM debian\n', 'dockerfile'],
	['RUN true\nFROM debian\n', 'dockerfile'],
	['FROM: debian\nBOOTSTRAP: docker\n', 'apptainer'],
	['From : debian\n', 'apptainer'],
	['# FROM debian\nbootstrap: docker\nfrom: debian\n', 'apptainer'],
	['Bootstrap: docker\nFrom: x\n%post\ncat <<EOF >Dockerfile\nFROM debian\nEOF\n', 'apptainer'],
	['hello\nBootstrap: docker\nFrom: x\n%post\nFROM debian\n', 'apptainer'],
	['Frmo: x\n', 'apptainer'],
	['%Post\n', 'apptainer'],
])('%j is %s', (text, kind) => {
	expect(detectDefinitionKind(text)).toBe(kind);
});
