import { Add, Copy, type Instruction } from 'dockerfile-ast';

/** Whether an instruction copies files into the image. */
export function isCopy(instruction: Instruction): instruction is Add | Copy {
	return instruction instanceof Copy || instruction instanceof Add;
}
