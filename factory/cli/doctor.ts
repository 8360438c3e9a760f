import { Command } from 'commander';
import { findProject } from '../project';
import { answer } from './output';

export function doctor(): Command {
  return new Command('doctor')
    .description(
      'say what kiln needs of this machine, what is here, and how to get the rest; changes nothing',
    )
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln doctor\n\nExit code 1 when something is missing.')
    .action(async (options: { json?: true }) => {
      const [
        { diagnose, diagnosisText },
        { hostExec },
        { hostHttp },
        { hostMirrors },
        { hostSystem },
        owner,
        kvm,
      ] = await Promise.all([
        import('../doctor/index.js'),
        import('../ports/machine/exec-host.js'),
        import('../ports/inputs/http-host.js'),
        import('../ports/inputs/mirrors-host.js'),
        import('../ports/machine/system-host.js'),
        import('../store/port-owner.js'),
        import('../machines/qemu/acceleration.js'),
      ]);
      const system = hostSystem(owner.portOwner);
      const project = findProject();
      const acceleration = () => kvm.probeAcceleration(hostExec, project.cache);
      const diagnosis = await diagnose(
        { system, exec: hostExec, http: hostHttp, mirrors: hostMirrors(hostExec), acceleration },
        project,
      );
      answer(options.json === true, diagnosis, diagnosisText(diagnosis));
      if (!diagnosis.ok) process.exitCode = 1;
    });
}
