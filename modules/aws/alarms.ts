import { CloudwatchMetricAlarm } from '@cdktf/provider-aws/lib/cloudwatch-metric-alarm';
import { Construct } from 'constructs';

export interface ClusterAlarmsProps {
  readonly cluster: string;
  readonly name: string;
  readonly master: string;
  readonly workers: string;
  /** ARN of an SNS topic that is told. @default nobody is told, the alarms stand in CloudWatch */
  readonly topic?: string;
}

/** Alarms on what somebody has to do something about. */
export class ClusterAlarms extends Construct {
  constructor(scope: Construct, id: string, props: ClusterAlarmsProps) {
    super(scope, id);
    const { cluster, name, master, workers, topic } = props;
    const told = topic === undefined ? {} : { alarmActions: [topic], okActions: [topic] };
    const common = (what: string) => ({
      alarmName: `${name}-${what}`,
      tags: { Name: `${name}-${what}` },
      ...told,
    });
    const metric = (metricName: string, group: string) => ({
      namespace: 'AWS/AutoScaling',
      metricName,
      dimensions: { AutoScalingGroupName: group },
      period: 60,
      stat: 'Minimum',
    });

    new CloudwatchMetricAlarm(this, 'no-master', {
      ...common('no-master'),
      alarmDescription: `${cluster} has no master: no job can start. A new one comes by itself within minutes; if not, see the activity of ${master}.`,
      namespace: 'AWS/AutoScaling',
      metricName: 'GroupInServiceInstances',
      dimensions: { AutoScalingGroupName: master },
      statistic: 'Minimum',
      period: 60,
      evaluationPeriods: 5,
      comparisonOperator: 'LessThanThreshold',
      threshold: 1,
      treatMissingData: 'breaching',
    });
    new CloudwatchMetricAlarm(this, 'master-sick', {
      ...common('master-sick'),
      alarmDescription: `EC2 finds the master of ${cluster} unwell; its group replaces it. Running jobs end with it.`,
      namespace: 'AWS/EC2',
      metricName: 'StatusCheckFailed',
      dimensions: { AutoScalingGroupName: master },
      statistic: 'Maximum',
      period: 60,
      evaluationPeriods: 2,
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 0,
      treatMissingData: 'notBreaching',
    });
    new CloudwatchMetricAlarm(this, 'workers-missing', {
      ...common('workers-missing'),
      alarmDescription: `${cluster} has had fewer workers than asked for, for 15 minutes: no capacity, a limit of the account, or an image that does not start. The activity of ${workers} says which.`,
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 0,
      evaluationPeriods: 15,
      treatMissingData: 'breaching',
      metricQuery: [
        { id: 'asked', metric: metric('GroupDesiredCapacity', workers) },
        { id: 'there', metric: metric('GroupInServiceInstances', workers) },
        { id: 'missing', expression: 'asked - there', label: 'workers missing', returnData: true },
      ],
    });
  }
}
