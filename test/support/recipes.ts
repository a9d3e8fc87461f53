/** A definition that needs no network: busybox of the builder, and these sections. */
export function scratchRecipe(sections: string): string {
	return `Bootstrap: scratch

%setup
    mkdir -p "$APPTAINER_ROOTFS/bin" "$APPTAINER_ROOTFS/tmp" "$APPTAINER_ROOTFS/etc" "$APPTAINER_ROOTFS/proc" \\
        "$APPTAINER_ROOTFS/sys" "$APPTAINER_ROOTFS/dev" "$APPTAINER_ROOTFS/root"
    cp /bin/busybox "$APPTAINER_ROOTFS/bin/busybox"
    for name in sh ls cat echo id test sleep printf seq dd head kill true date wget nc stat; do
        ln -s busybox "$APPTAINER_ROOTFS/bin/$name"
    done

${sections}
`;
}
